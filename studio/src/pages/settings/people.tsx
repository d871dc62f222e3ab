/** Who can sign in, and what they may do here. Support and editors look; admins give roles. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { useMay, useMe } from "@/api/session";
import {
  Button,
  CopyId,
  Dialog,
  ErrorNote,
  Input,
  Section,
  Select,
  Skeleton,
  Table,
  Time,
  toast,
  toastError,
  type Column,
} from "@/ui";
import { AccountActions, type Account } from "./account-actions";

type Role = NonNullable<Account["role"]>;

const ROLES: { role: Role | ""; word: string }[] = [
  { role: "", word: "No access" },
  { role: "viewer", word: "Viewer: read-only" },
  { role: "support", word: "Support: retries, replays" },
  { role: "editor", word: "Editor: also workflows" },
  { role: "admin", word: "Admin: everything" },
];

type AccountStatus = "staff" | "verified" | "unverified" | "disabled";

const STATES: [AccountStatus | "", string][] = [
  ["", "All accounts"],
  ["staff", "With a role in the studio"],
  ["verified", "Verified"],
  ["unverified", "Not verified"],
  ["disabled", "Disabled"],
];

const NEEDS_LINK = "Send a sign-in link first. Opening it verifies the address.";

interface SignInLink {
  email: string;
  url: string;
  expires_at: string;
}

export function People() {
  const [link, setLink] = useState<SignInLink | null>(null);
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState<AccountStatus | "">("");
  const filter = { search: search || undefined, status: status || undefined };
  const people = useInfiniteQuery({
    queryKey: ["accounts", filter],
    queryFn: ({ pageParam }) =>
      take(client.GET("/accounts", { params: { query: { ...filter, after: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const columns = useColumns(setLink);
  return (
    <Section title="People">
      <Filter search={search} status={status} onSearch={setSearch} onStatus={setStatus} />
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

function useColumns(onLink: (link: SignInLink) => void): Column<Account>[] {
  const me = useMe().data;
  const admin = useMay("admin");
  const setRole = useSetRole();
  const makeLink = useMakeLink(onLink);
  return [
    { id: "email", header: "Email", cell: (row) => <Email account={row} /> },
    { id: "name", header: "Name", cell: (row) => row.name ?? <span className="faint">–</span>, minor: true },
    {
      id: "role",
      header: "Studio",
      width: "min(240px, 44vw)",
      cell: (row) => (
        <RoleSelect
          account={row}
          own={row.email === me?.email}
          busy={setRole.isPending || !admin}
          onRole={(role) => setRole.mutate({ account: row, role })}
        />
      ),
    },
    {
      id: "roles",
      header: "In the project",
      minor: true,
      cell: (row) => (row.roles.length ? row.roles.join(", ") : <span className="faint">–</span>),
    },
    { id: "since", header: "Since", width: "110px", minor: true, cell: (row) => <Time at={row.created_at} /> },
    {
      id: "actions",
      header: <span className="hidden-text">Actions</span>,
      width: "60px",
      align: "right",
      cell: (row) => <AccountActions account={row} own={row.email === me?.email} onLink={() => makeLink.mutate(row)} />,
    },
  ];
}

interface FilterProps {
  search: string;
  status: AccountStatus | "";
  onSearch: (search: string) => void;
  onStatus: (status: AccountStatus | "") => void;
}

function Filter({ search, status, onSearch, onStatus }: FilterProps) {
  return (
    <div className="settings-filter">
      <Input
        type="search"
        aria-label="Address or name"
        placeholder="Address or name"
        value={search}
        onChange={(event) => onSearch(event.target.value)}
      />
      <Select
        aria-label="State"
        value={status}
        onChange={(event) => onStatus(event.target.value as AccountStatus | "")}
      >
        {STATES.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </Select>
    </div>
  );
}

function useMakeLink(onLink: (link: SignInLink) => void) {
  return useMutation({
    mutationFn: async (account: Account) => {
      const params = { path: { account_id: account.id } };
      const link = await take(client.POST("/accounts/{account_id}/link", { params }));
      return { email: account.email, url: link.url, expires_at: link.expires_at };
    },
    onSuccess: onLink,
    onError: toastError,
  });
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
