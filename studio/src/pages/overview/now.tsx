import type { Overview } from "@/api/overview";
import { count, duration, Facts, Section, Status, Time } from "@/ui";

/** How the work goes on at this moment. */
export function Now({ health }: { health: Overview["health"] }) {
  const ready =
    health.queued === 0
      ? "empty"
      : `${count(health.queued, "run")} ready, the first for ${duration(health.oldest * 1000)}`;
  return (
    <Section title="Now">
      <Facts
        facts={[
          ["Queue", ready],
          ["Runs under way", `${health.running} running, ${health.waiting} waiting`],
          [
            "Workers",
            health.workers === 0 ? (
              <Status key="workers" status="warning" quiet word="None: no run goes on" />
            ) : (
              count(health.workers, "process", "processes")
            ),
          ],
          [
            "In doubt",
            health.in_doubt > 0 ? (
              <Status
                key="doubt"
                status="in_doubt"
                quiet
                word={`${count(health.in_doubt, "step")} may or may not have had an effect`}
              />
            ) : null,
          ],
          [
            "Newest event",
            health.last_event_at ? <Time key="event" at={health.last_event_at} /> : "none was received yet",
          ],
        ]}
      />
    </Section>
  );
}
