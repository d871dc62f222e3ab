/** What every vitest file starts with: matchers for the DOM, and a page that is emptied between tests. */
import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// How long `findBy…` and `waitFor` look: as long as a machine with other work may need.
configure({ asyncUtilTimeout: 20_000 });

afterEach(cleanup);
