export { EditorPage as Page } from "./EditorPage";
