export function Page() {
  return <h1>Local stripe</h1>;
}
