import "@/ui/fonts.css";
import "@/ui/tokens.css";
import "@/ui/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { setProver } from "@/api/client";
import { watchSession } from "@/api/session-state";
import { App } from "@/app/app";
import { askForProof } from "@/app/prove-store";
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
