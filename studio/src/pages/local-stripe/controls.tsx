/** What one can make happen: move the clock, trigger an event, fail the next call; and the cards to pay with. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Clock as ClockIcon, CreditCard, TriangleAlert, Zap } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import { useMay } from "@/api/session";
import { Button, Card, CopyButton, ErrorNote, Input, Select, exactTime, toast, toastError, fromUnix } from "@/ui";
import { useStripeClock } from "@/components/stripe-clock";
import { local } from "./api";
import { CARDS, FAULTS, SPANS } from "./faults";

export function Controls() {
  const may = useMay("editor");
  return (
    <div className="local-controls">
      <ClockCard may={may} />
      <TriggerCard may={may} />
      <FaultCard may={may} />
      <CardsCard />
    </div>
  );
}

function Box({ icon, title, wide, children }: { icon: ReactNode; title: string; wide?: boolean; children: ReactNode }) {
  return (
    <Card className={wide ? "local-box local-wide" : "local-box"}>
      <h2>
        {icon}
        {title}
      </h2>
      {children}
    </Card>
  );
}

/** Refreshes the page after the local Stripe has done what it was asked to. */
function useDone() {
  const cache = useQueryClient();
  return () => void cache.invalidateQueries({ queryKey: ["local"] });
}

function ClockCard({ may }: { may: boolean }) {
  const done = useDone();
  const clock = useStripeClock();
  const move = useMutation({
    mutationFn: local.advance,
    onSuccess: (now) => {
      done();
      const count = now.timers ?? 0;
      toast({
        title: `It is ${exactTime(fromUnix(now.now), true)} at the local Stripe`,
        detail:
          count === 1 ? "One scheduled event happened on the way." : `${count} scheduled events happened on the way.`,
      });
    },
    onError: toastError,
  });
  return (
    <Box icon={<ClockIcon aria-hidden />} title="Clock">
      {clock.isError ? (
        <ErrorNote error={clock.error} retry={() => void clock.refetch()} compact />
      ) : (
        <p className="num" data-testid="local-clock">
          {clock.data ? exactTime(fromUnix(clock.data.now), true) : "…"}
          {clock.data && clock.data.offset > 0 && (
            <span className="faint"> · {Math.round(clock.data.offset / 8640) / 10} days ahead</span>
          )}
        </p>
      )}
      <p className="faint">Renewals, trials, expiry and retries wait for it.</p>
      <div className="local-buttons" role="group" aria-label="Move the clock forward">
        {SPANS.map(({ span, word }) => (
          <Button
            key={span}
            size="s"
            disabled={!may || move.isPending}
            busy={move.isPending && move.variables === span}
            onClick={() => move.mutate(span)}
          >
            + {word}
          </Button>
        ))}
      </div>
    </Box>
  );
}

function TriggerCard({ may }: { may: boolean }) {
  const done = useDone();
  const listId = useId();
  const [event, setEvent] = useState("payment_intent.succeeded");
  const triggers = useQuery({ queryKey: ["local-triggers"], queryFn: local.triggers, staleTime: Infinity });
  const known = triggers.data?.data ?? [];
  const trigger = useMutation({
    mutationFn: local.trigger,
    onSuccess: (_, name) => {
      done();
      toast({
        title: `${name} was triggered`,
        detail: "The local Stripe made the calls that cause it, with new objects.",
      });
    },
    onError: toastError,
  });
  return (
    <Box icon={<Zap aria-hidden />} title="Trigger an event">
      <form
        className="local-line"
        onSubmit={(submit) => {
          submit.preventDefault();
          trigger.mutate(event.trim());
        }}
      >
        <Input
          aria-label="Event"
          mono
          list={listId}
          value={event}
          onChange={(change) => setEvent(change.target.value)}
        />
        <datalist id={listId}>
          {known.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Button type="submit" kind="primary" disabled={!may || !event.trim()} busy={trigger.isPending}>
          Trigger
        </Button>
      </form>
      <p className="faint">
        {known.length
          ? `${known.length} kinds of events, each caused by the same calls as at Stripe.`
          : "Caused by the same calls as at Stripe."}
      </p>
    </Box>
  );
}

function FaultCard({ may }: { may: boolean }) {
  const [id, setId] = useState("500");
  const fault = FAULTS.find((fault) => fault.id === id) ?? FAULTS[0];
  const fail = useMutation({
    mutationFn: () => local.failNext(fault.fault),
    onSuccess: () =>
      toast({ title: `The next request will fail: ${fault.word}`, detail: "Start something and watch the run retry." }),
    onError: toastError,
  });
  return (
    <Box icon={<TriangleAlert aria-hidden />} title="Fail the next request">
      <form
        className="local-line"
        onSubmit={(submit) => {
          submit.preventDefault();
          fail.mutate();
        }}
      >
        <Select aria-label="How it fails" value={id} onChange={(change) => setId(change.target.value)}>
          {FAULTS.map((fault) => (
            <option key={fault.id} value={fault.id}>
              {fault.word}
            </option>
          ))}
        </Select>
        <Button type="submit" disabled={!may} busy={fail.isPending}>
          Arm
        </Button>
      </form>
      <p className="faint">Applies to the next POST only.</p>
    </Box>
  );
}

function CardsCard() {
  return (
    <Box icon={<CreditCard aria-hidden />} title="Test cards: any future date, any CVC, any ZIP code" wide>
      <ul className="local-cards">
        {CARDS.map((card) => (
          <li key={card.number}>
            <code>{card.number}</code>
            <CopyButton text={card.number.replaceAll(" ", "")} label={`Copy ${card.number}`} />
            <span className="soft">{card.word}</span>
          </li>
        ))}
      </ul>
    </Box>
  );
}
