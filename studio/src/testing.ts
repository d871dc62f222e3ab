/** What every vitest file starts with: matchers for the DOM, and a page that is emptied between tests. */
import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);
