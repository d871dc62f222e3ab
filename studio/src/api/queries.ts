/** The query cache. Keys start with the kind of object, so that live events can refresh them: ["runs", …]. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Live events refresh what changed; without them, answers are good for half a minute.
      staleTime: 30_000,
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
      retryDelay: 400,
    },
    mutations: { retry: false },
  },
});
