import "@/ui/theme/fonts.css";
import "@/ui/theme/tokens.css";
import "@/ui/theme/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { setProver } from "@/api/client";
import { watchSession } from "@/api/session-state";
import { App } from "@/app/app";
import { askForProof } from "@/app/account/prove-store";
import { applyTheme, savedTheme } from "@/browser/theme";

applyTheme(savedTheme());
setProver(askForProof);
watchSession();
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
