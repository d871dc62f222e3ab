/** The parts of the address that a route names: `id` in `/runs/$id`. */
import { useParams } from "@tanstack/react-router";

export function usePathParams(): { id?: string; table?: string } {
  const params: unknown = useParams({ strict: false });
  return params as { id?: string; table?: string };
}
