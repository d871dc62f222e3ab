export function Page() {
  return <h1>Workflows</h1>;
}
