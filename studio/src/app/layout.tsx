import { Link, Outlet } from "@tanstack/react-router";

/** The frame around every page. */
export function Layout() {
  return (
    <div>
      <nav>
        <Link to="/">Overview</Link>
      </nav>
      <main>
        <Outlet />
      </main>
    </div>
  );
}
