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
  { role: "viewer", word: "Viewer: looks" },
  { role: "editor", word: "Editor: workflows, retries" },
  { role: "admin", word: "Admin: everything" },
];

export function People() {
  const cache = useQueryClient();
  const me = useMe().data;
  const [link, setLink] = useState<{ email: string; url: string; expires_at: string } | null>(null);
  const people = useInfiniteQuery({
    queryKey: ["accounts"],
    queryFn: ({ pageParam }) => take(client.GET("/accounts", { params: { query: { after: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const setRole = useMutation({
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
  const makeLink = useMutation({
    mutationFn: (account: Account) =>
      take(client.POST("/accounts/{account_id}/link", { params: { path: { account_id: account.id } } })),
    onSuccess: (made, account) => setLink({ email: account.email, url: made.url, expires_at: made.expires_at }),
    onError: toastError,
  });
  const columns: Column<Account>[] = [
    { id: "email", header: "E-mail", cell: (one) => one.email },
    { id: "name", header: "Name", cell: (one) => one.name ?? <span className="faint">–</span>, minor: true },
    {
      id: "role",
      header: "Studio",
      width: "240px",
      cell: (one) => (
        <Select
          aria-label={`What ${one.email} may do`}
          value={one.role ?? ""}
          disabled={one.email === me?.email || setRole.isPending}
          title={one.email === me?.email ? "Another admin can change your own role" : undefined}
          onChange={(event) => setRole.mutate({ account: one, role: (event.target.value || null) as Role | null })}
        >
          {ROLES.map(({ role, word }) => (
            <option key={role} value={role}>
              {word}
            </option>
          ))}
        </Select>
      ),
    },
    { id: "since", header: "Since", width: "110px", minor: true, cell: (one) => <Time at={one.created_at} /> },
    {
      id: "link",
      header: <span className="hidden-text">Actions</span>,
      width: "150px",
      align: "right",
      cell: (one) =>
        one.role && (
          <Button
            size="s"
            kind="quiet"
            icon={<Link2 aria-hidden />}
            aria-label={`Make a sign-in link for ${one.email}`}
            onClick={() => makeLink.mutate(one)}
          >
            Sign-in link
          </Button>
        ),
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
          idOf={(one) => one.id}
          compact
        />
      )}
      {people.hasNextPage && (
        <Button kind="quiet" busy={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>
          More people
        </Button>
      )}
      <Dialog
        open={link !== null}
        onOpenChange={(open) => !open && setLink(null)}
        title="Sign-in link"
        description={link ? `Signs ${link.email} in once. Whoever has it can use it: send it only to them.` : undefined}
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
    </Section>
  );
}
