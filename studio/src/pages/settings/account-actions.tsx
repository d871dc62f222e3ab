/** What staff do with an account: its sessions, a link for a new password, verify, disable, delete. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  BadgeCheck,
  Ban,
  KeyRound,
  Link2,
  MonitorSmartphone,
  MoreHorizontal,
  RotateCcw,
  ShieldOff,
  Trash2,
} from "lucide-react";
import { useState } from "react";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/api/session";
import {
  Button,
  Confirm,
  Dialog,
  ErrorNote,
  Menu,
  MenuItem,
  MenuLine,
  Skeleton,
  Table,
  Time,
  toast,
  toastError,
  type Column,
} from "@/ui";

export type Account = components["schemas"]["AccountView"];
type Session = components["schemas"]["AccountSession"];

interface AccountActionsProps {
  account: Account;
  /** Whether it is the account of the person who looks. */
  own: boolean;
  onLink: () => void;
}

export function AccountActions({ account, own, onLink }: AccountActionsProps) {
  const admin = useMay("admin");
  const [open, setOpen] = useState<Open>(null);
  const change = useAccountChange(account);
  const close = (next: boolean) => !next && setOpen(null);
  return (
    <>
      <Menu
        trigger={
          <Button
            size="s"
            kind="quiet"
            icon={<MoreHorizontal aria-hidden />}
            aria-label={`Actions for ${account.email}`}
          />
        }
      >
        <MenuItem icon={<MonitorSmartphone aria-hidden />} onSelect={() => setOpen("sessions")}>
          Sessions …
        </MenuItem>
        <MenuItem icon={<KeyRound aria-hidden />} disabled={account.disabled} onSelect={() => change.mutate("reset")}>
          Send a link for a new password
        </MenuItem>
        {admin && (
          <>
            <MenuItem icon={<Link2 aria-hidden />} disabled={account.disabled} onSelect={onLink}>
              Make a sign-in link …
            </MenuItem>
            <MenuLine />
            {!account.verified && (
              <MenuItem icon={<BadgeCheck aria-hidden />} onSelect={() => change.mutate("verify")}>
                Mark the address as verified
              </MenuItem>
            )}
            <MenuItem icon={<ShieldOff aria-hidden />} disabled={own} onSelect={() => setOpen("factor")}>
              Reset the second factor …
            </MenuItem>
            {account.disabled ? (
              <MenuItem icon={<RotateCcw aria-hidden />} onSelect={() => change.mutate("enable")}>
                Enable
              </MenuItem>
            ) : (
              <MenuItem icon={<Ban aria-hidden />} disabled={own} onSelect={() => setOpen("disable")}>
                Disable …
              </MenuItem>
            )}
            <MenuItem icon={<Trash2 aria-hidden />} disabled={own} onSelect={() => setOpen("delete")}>
              Delete …
            </MenuItem>
          </>
        )}
      </Menu>
      <SessionsDialog account={account} open={open === "sessions"} onOpenChange={close} />
      <Confirmations account={account} open={open} close={close} change={change.mutateAsync} />
    </>
  );
}

type Open = "sessions" | "factor" | "disable" | "delete" | null;

interface ConfirmationsProps {
  account: Account;
  open: Open;
  close: (open: boolean) => void;
  change: (change: Change) => Promise<unknown>;
}

function Confirmations({ account, open, close, change }: ConfirmationsProps) {
  return (
    <>
      <Confirm
        open={open === "factor"}
        onOpenChange={close}
        title={`Reset the second factor of ${account.email}?`}
        action="Reset the second factor"
        danger
        onConfirm={() => change("factor")}
      >
        The authenticator app, passkeys, and recovery codes stop working, and the sessions end. Be sure who asks for it.
      </Confirm>
      <Confirm
        open={open === "disable"}
        onOpenChange={close}
        title={`Disable ${account.email}?`}
        action="Disable the account"
        danger
        onConfirm={() => change("disable")}
      >
        Its sessions end now, and nobody can sign in. Nothing is deleted; you can enable it again.
      </Confirm>
      <Confirm
        open={open === "delete"}
        onOpenChange={close}
        title={`Delete ${account.email} for good?`}
        action="Delete the account"
        danger
        onConfirm={() => change("delete")}
      >
        The account, its sessions, its name and address, and the text of its emails are deleted. Orders and runs stay.
        This can’t be undone.
      </Confirm>
    </>
  );
}

type Change = "reset" | "factor" | "verify" | "disable" | "enable" | "delete";

const DONE: Record<Change, (email: string) => string> = {
  reset: (email) => `An email with a link is on its way to ${email}`,
  factor: (email) => `${email} has no second factor now`,
  verify: (email) => `${email} is verified now`,
  disable: (email) => `${email} is disabled now`,
  enable: (email) => `${email} is enabled now`,
  delete: (email) => `${email} is deleted`,
};

function useAccountChange(account: Account) {
  const cache = useQueryClient();
  const params = { path: { account_id: account.id } };
  const calls: Record<Change, () => Promise<unknown>> = {
    reset: () => take(client.POST("/accounts/{account_id}/reset-password", { params, body: { link: false } })),
    factor: () => take(client.DELETE("/accounts/{account_id}/second-factor", { params })),
    verify: () => take(client.POST("/accounts/{account_id}/verify", { params })),
    disable: () => take(client.POST("/accounts/{account_id}/disable", { params })),
    enable: () => take(client.POST("/accounts/{account_id}/enable", { params })),
    delete: () => take(client.DELETE("/accounts/{account_id}", { params })),
  };
  return useMutation({
    mutationFn: (change: Change) => calls[change](),
    onSuccess: (_, change) => toast({ title: DONE[change](account.email) }),
    onError: toastError,
    onSettled: () => cache.invalidateQueries({ queryKey: ["accounts"] }),
  });
}

interface SessionsDialogProps {
  account: Account;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

function SessionsDialog({ account, open, onOpenChange }: SessionsDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={`Sessions of ${account.email}`}
      description="Where the account is signed in now."
    >
      {open && <Sessions account={account} />}
    </Dialog>
  );
}

function Sessions({ account }: { account: Account }) {
  const cache = useQueryClient();
  const key = ["accounts", account.id, "sessions"];
  const path = { account_id: account.id };
  const sessions = useQuery({
    queryKey: key,
    queryFn: () => take(client.GET("/accounts/{account_id}/sessions", { params: { path } })),
  });
  const end = useMutation({
    mutationFn: (session: string | null) =>
      session === null
        ? take(client.DELETE("/accounts/{account_id}/sessions", { params: { path } }))
        : take(client.DELETE("/accounts/{account_id}/sessions/{session}", { params: { path: { ...path, session } } })),
    onSuccess: ({ ended }) => toast({ title: ended === 1 ? "Ended one session" : `Ended ${ended} sessions` }),
    onError: toastError,
    onSettled: () => cache.invalidateQueries({ queryKey: key }),
  });
  const columns: Column<Session>[] = [
    {
      id: "agent",
      header: "Device",
      cell: (row) => (
        <>
          {row.agent ?? "Unknown device"}
          {row.current && <span className="faint"> · this one</span>}
        </>
      ),
    },
    { id: "address", header: "Address", cell: (row) => row.address ?? <span className="faint">–</span> },
    { id: "seen", header: "Last used", width: "110px", cell: (row) => <Time at={row.last_seen_at} /> },
    {
      id: "end",
      header: <span className="hidden-text">Actions</span>,
      width: "70px",
      align: "right",
      cell: (row) => (
        <Button
          size="s"
          kind="quiet"
          aria-label={`End the session on ${row.agent ?? "the unknown device"}`}
          onClick={() => end.mutate(row.id)}
        >
          End
        </Button>
      ),
    },
  ];
  if (sessions.isPending) return <Skeleton lines={2} />;
  if (sessions.isError) return <ErrorNote error={sessions.error} retry={() => void sessions.refetch()} />;
  const rows = sessions.data.data;
  if (rows.length === 0) return <p className="soft">No open sessions.</p>;
  return (
    <>
      <Table label="Sessions" columns={columns} rows={rows} idOf={(row) => row.id} compact />
      <Button busy={end.isPending} onClick={() => end.mutate(null)}>
        End all sessions
      </Button>
    </>
  );
}
