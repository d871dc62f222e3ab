/** Who may use the studio, and what they may do here. For admins. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link2 } from "lucide-react";
import { useState } from "react";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { useMe } from "@/api/session";
import {
  Button,
  CopyId,
  Dialog,
  ErrorNote,
  Section,
  Select,
  Skeleton,
  Table,
  Time,
  toast,
  toastError,
  type Column,
} from "@/ui";

type Account = components["schemas"]["AccountView"];
type Role = NonNullable<Account["role"]>;

const ROLES: { role: Role | ""; word: string }[] = [
  { role: "", word: "No access" },
  { role: "viewer", word: "Viewer: read-only" },
  { role: "support", word: "Support: retries, replays" },
  { role: "editor", word: "Editor: also workflows" },
  { role: "admin", word: "Admin: everything" },
];

const NEEDS_LINK = "Send a sign-in link first. Opening it verifies the address.";

interface SignInLink {
  email: string;
  url: string;
  expires_at: string;
}

export function People() {
  const me = useMe().data;
  const [link, setLink] = useState<SignInLink | null>(null);
  const people = useInfiniteQuery({
    queryKey: ["accounts"],
    queryFn: ({ pageParam }) => take(client.GET("/accounts", { params: { query: { after: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const setRole = useSetRole();
  const columns: Column<Account>[] = [
    { id: "email", header: "Email", cell: (row) => <Email account={row} /> },
    { id: "name", header: "Name", cell: (row) => row.name ?? <span className="faint">–</span>, minor: true },
    {
      id: "role",
      header: "Studio",
      width: "240px",
      cell: (row) => (
        <RoleSelect
          account={row}
          own={row.email === me?.email}
          busy={setRole.isPending}
          onRole={(role) => setRole.mutate({ account: row, role })}
        />
      ),
    },
    { id: "since", header: "Since", width: "110px", minor: true, cell: (row) => <Time at={row.created_at} /> },
    {
      id: "link",
      header: <span className="hidden-text">Actions</span>,
      width: "150px",
      align: "right",
      cell: (row) => (row.role ?? !row.verified) && <LinkButton account={row} onLink={setLink} />,
    },
  ];
  return (
    <Section title="People">
      {people.isPending && <Skeleton lines={3} />}
      {people.isError && <ErrorNote error={people.error} retry={() => void people.refetch()} />}
      {people.data && (
        <Table
          label="People"
          columns={columns}
          rows={people.data.pages.flatMap((page) => page.data)}
          idOf={(row) => row.id}
          compact
        />
      )}
      {people.hasNextPage && (
        <Button kind="quiet" busy={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>
          More people
        </Button>
      )}
      <LinkDialog link={link} onClose={() => setLink(null)} />
    </Section>
  );
}

function LinkButton({ account, onLink }: { account: Account; onLink: (link: SignInLink) => void }) {
  const makeLink = useMutation({
    mutationFn: () =>
      take(client.POST("/accounts/{account_id}/link", { params: { path: { account_id: account.id } } })),
    onSuccess: (link) => onLink({ email: account.email, url: link.url, expires_at: link.expires_at }),
    onError: toastError,
  });
  return (
    <Button
      size="s"
      kind="quiet"
      icon={<Link2 aria-hidden />}
      aria-label={`Make a sign-in link for ${account.email}`}
      onClick={() => makeLink.mutate()}
    >
      Sign-in link
    </Button>
  );
}

function useSetRole() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ account, role }: { account: Account; role: Role | null }) =>
      take(client.PUT("/accounts/{account_id}/role", { params: { path: { account_id: account.id } }, body: { role } })),
    onSuccess: (_, { account, role }) =>
      toast({
        title: role
          ? `${account.email} is ${role === "viewer" ? "a" : "an"} ${role} now`
          : `${account.email} has no access to the studio now`,
      }),
    onError: toastError,
    onSettled: () => cache.invalidateQueries({ queryKey: ["accounts"] }),
  });
}

interface RoleSelectProps {
  account: Account;
  /** Whether it is the account of the person who looks. */
  own: boolean;
  busy: boolean;
  onRole: (role: Role | null) => void;
}

function Email({ account }: { account: Account }) {
  return (
    <>
      {account.email}
      {account.disabled && <span className="faint"> · disabled</span>}
      {!account.verified && (
        <span className="faint" title="Nobody proved that the address is theirs. Its roles don't count yet.">
          {" "}
          · not verified
        </span>
      )}
    </>
  );
}

function RoleSelect({ account, own, busy, onRole }: RoleSelectProps) {
  const needsLink = !account.verified && !account.role;
  return (
    <Select
      aria-label={`What ${account.email} may do`}
      value={account.role ?? ""}
      disabled={own || busy || needsLink}
      title={own ? "Another admin can change your own role" : needsLink ? NEEDS_LINK : undefined}
      onChange={(event) => onRole((event.target.value || null) as Role | null)}
    >
      {ROLES.map(({ role, word }) => (
        <option key={role} value={role}>
          {word}
        </option>
      ))}
    </Select>
  );
}

function LinkDialog({ link, onClose }: { link: SignInLink | null; onClose: () => void }) {
  return (
    <Dialog
      open={link !== null}
      onOpenChange={(open) => !open && onClose()}
      title="Sign-in link"
      description={
        link ? `Signs ${link.email} in once. Anyone with the link can use it: send it only to them.` : undefined
      }
    >
      {link && (
        <p className="settings-made">
          <CopyId id={link.url} />
          <span className="faint">
            Works until <Time at={link.expires_at} exact />
          </span>
        </p>
      )}
    </Dialog>
  );
}
