/** Light, dark, or as the system says. */
import * as Toggle from "@radix-ui/react-toggle-group";
import { Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { applyTheme, savedTheme, type Theme } from "@/browser/theme";
import { Card, Section } from "@/ui";

const CHOICES = [
  { theme: "system", word: "System", icon: Monitor },
  { theme: "light", word: "Light", icon: Sun },
  { theme: "dark", word: "Dark", icon: Moon },
] as const;

export function Appearance() {
  const [theme, setTheme] = useState<Theme>(savedTheme);
  return (
    <Section title="Appearance">
      <Card className="settings-card">
        <Toggle.Root
          type="single"
          className="settings-themes"
          aria-label="Theme"
          value={theme}
          onValueChange={(next) => {
            if (!next) return;
            applyTheme(next as Theme);
            setTheme(next as Theme);
          }}
        >
          {CHOICES.map(({ theme: value, word, icon: Icon }) => (
            <Toggle.Item key={value} value={value} className="settings-theme">
              <Icon aria-hidden />
              {word}
            </Toggle.Item>
          ))}
        </Toggle.Root>
        <p className="faint">Saved in this browser.</p>
      </Card>
    </Section>
  );
}
