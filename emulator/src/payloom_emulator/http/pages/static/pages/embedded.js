import { reportHeight } from "./frame-height.js";

reportHeight(document.querySelector("#content"));
