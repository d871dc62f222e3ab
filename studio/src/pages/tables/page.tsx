export function Page() {
  return <h1>Tables</h1>;
}
