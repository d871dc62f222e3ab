export function Page() {
  return <h1>Events</h1>;
}
