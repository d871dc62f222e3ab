export function Page() {
  return <h1>Workflow</h1>;
}
