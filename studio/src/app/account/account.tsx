import { Keyboard, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { signOut, type Me } from "@/api/session";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "@/ui/overlays/menu";
import { toastError } from "@/ui/overlays/toast-store";
import { AccountButton } from "./account-button";
import { useLayoutState } from "@/app/navigation/layout-state";
import { applyTheme, savedTheme, type Theme } from "@/browser/theme";

/** The account menu: the signed-in user, the theme, and sign-out. */
export function Account({ me, open }: { me: Me; open: boolean }) {
  const setLayout = useLayoutState((state) => state.set);
  const [theme, setTheme] = useState<Theme>(savedTheme);
  return (
    <Menu align="start" defaultOpen={open} trigger={<AccountButton me={me} />}>
      <MenuLabel>Theme</MenuLabel>
      <MenuChoice<Theme>
        value={theme}
        onChange={(chosen) => {
          setTheme(chosen);
          applyTheme(chosen);
        }}
        choices={[
          { value: "system", label: <Choice icon={<Monitor aria-hidden />} text="System" /> },
          { value: "light", label: <Choice icon={<Sun aria-hidden />} text="Light" /> },
          { value: "dark", label: <Choice icon={<Moon aria-hidden />} text="Dark" /> },
        ]}
      />
      <MenuLine />
      <MenuItem icon={<Keyboard aria-hidden />} onSelect={() => setLayout({ help: true })} shortcut="?">
        Shortcuts
      </MenuItem>
      {me.via === "session" && (
        <MenuItem icon={<LogOut aria-hidden />} onSelect={() => void signOut().catch(toastError)}>
          Sign out
        </MenuItem>
      )}
    </Menu>
  );
}

const Choice = ({ icon, text }: { icon: React.ReactNode; text: string }) => (
  <span className="menu-with-icon">
    {icon}
    {text}
  </span>
);
