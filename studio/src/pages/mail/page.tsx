export function Page() {
  return <h1>Mail</h1>;
}
