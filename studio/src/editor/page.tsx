export { EditorPage as Page } from "./editor-page";
