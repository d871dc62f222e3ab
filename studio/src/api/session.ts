/** The current user and project. Sign-in with a one-time link. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "./client";
import type { components } from "./schema";

export type Me = components["schemas"]["Me"];

export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => take(client.GET("/me", { signal })),
    staleTime: 5 * 60_000,
  });
}

const RANK = { viewer: 0, support: 1, editor: 2, admin: 3 } as const;

/** Whether the person may do what needs `role`; false until it is known. */
export function useMay(role: Me["role"]): boolean {
  return hasRole(useMe().data, role);
}

export const hasRole = (me: Me | undefined, role: Me["role"]): boolean =>
  me !== undefined && RANK[me.role] >= RANK[role];

/** Whether the person may decide on an approval for these roles of the project. */
export function useMayDecide(roles: readonly string[]): boolean {
  const me = useMe().data;
  return me !== undefined && (me.role === "admin" || roles.some((role) => me.roles.includes(role)));
}

/** Sets the cookie. Give the token of a one-time link. Returns the page that asks for the second factor, if one does. */
export function useSignIn() {
  const cache = useQueryClient();
  return async (token: string): Promise<string | null> => {
    const { next } = await take(client.POST("/session", { body: { token } }));
    if (next === null) await cache.resetQueries();
    return next;
  };
}

export async function signOut(): Promise<void> {
  await take(client.DELETE("/session"));
  window.location.assign("/studio/sign-in");
}
