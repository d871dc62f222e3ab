export function Page() {
  return <h1>Journey</h1>;
}
