/** The account of the person who looks: its second factor, password, and sessions. */
import { useQuery } from "@tanstack/react-query";
import { readFactors } from "@/api/own-account";
import { useMe } from "@/api/session";
import { Card, ErrorNote, Facts, Section, Skeleton, Status } from "@/ui";

export function OwnAccount() {
  const me = useMe().data;
  const signedIn = me?.via === "session";
  const factors = useQuery({ queryKey: ["own-factors"], queryFn: readFactors, enabled: signedIn });
  if (!signedIn) return null;
  return (
    <Section title="Your account">
      <Card className="settings-card">
        {factors.isPending && <Skeleton lines={3} />}
        {factors.isError && <ErrorNote error={factors.error} retry={() => void factors.refetch()} />}
        {factors.data && (
          <Facts
            facts={[
              ["Email", me.email],
              [
                "Authenticator app",
                factors.data.app ? (
                  <Status key="app" status="succeeded" word="On" />
                ) : (
                  <span className="faint">off</span>
                ),
              ],
              ["Passkeys", factors.data.passkeys.map((passkey) => passkey.name).join(", ") || "none"],
              ["Recovery codes", me.second_factor ? `${factors.data.recovery_codes} left` : undefined],
              [
                "Change",
                <span key="links" className="settings-line">
                  <a className="settings-link" href="/second-factor">
                    Second factor
                  </a>
                  <a className="settings-link" href="/password">
                    Password
                  </a>
                  <a className="settings-link" href="/sessions">
                    Sessions
                  </a>
                </span>,
              ],
            ]}
          />
        )}
      </Card>
    </Section>
  );
}
