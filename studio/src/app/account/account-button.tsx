import { ChevronsUpDown } from "lucide-react";
import type { ButtonHTMLAttributes, Ref } from "react";
import type { Me } from "@/api/session";

/** The button of the account menu; visible before the menu's code is loaded. */
export function AccountButton({
  me,
  ...rest
}: { me: Me; ref?: Ref<HTMLButtonElement> } & ButtonHTMLAttributes<HTMLButtonElement>) {
  const name = me.email ?? "Admin token";
  return (
    <button type="button" className="side-account" {...rest}>
      <span className="avatar" aria-hidden>
        {name.charAt(0).toUpperCase()}
      </span>
      <span>
        {name}
        <small>{me.role}</small>
      </span>
      <ChevronsUpDown aria-hidden />
    </button>
  );
}
