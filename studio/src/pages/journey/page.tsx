/** One payment's whole timeline: search by any id or email address, then everything that has to do with it on one line of time. */
import { usePathParams } from "@/browser/path-params";
import { PageBody } from "@/ui";
import { Find } from "./find";
import { Journey } from "./journey";
import "./journey.css";

export function Page() {
  const { id } = usePathParams();
  return <PageBody>{id ? <Journey key={id} id={id} /> : <Find />}</PageBody>;
}
