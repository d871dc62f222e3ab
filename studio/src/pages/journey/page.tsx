/** One payment's whole story: search by any id or e-mail address, then everything that has to do with it on one line of time. */
import { useParams } from "@tanstack/react-router";
import { PageBody } from "@/ui";
import { Find } from "./find";
import { Journey } from "./journey";
import "./journey.css";

export function Page() {
  const { id } = useParams({ strict: false }) as { id?: string };
  return <PageBody>{id ? <Journey key={id} id={id} /> : <Find />}</PageBody>;
}
