import { useEffect, useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { FleetStatus, Health, Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";

const REFRESH_MS = 10_000;

const HEADLINES: Record<Health, string> = {
  ok: "Everything is running",
  degraded: "Some parts are slow or missing",
  down: "AskFlash is down",
};
const HEALTH: Record<Health, string> = { ok: "OK", degraded: "Degraded", down: "Down" };

export default function StatusPage(): ReactElement {
  const { status, problem } = useStatus();
  return (
    <div className="page">
      <div className="page-column">
        <h1>Status</h1>
        {problem !== null && <ProblemBanner problem={problem} />}
        {status !== null && (
          <>
            <p className="headline" role="status" data-testid="fleet-status" data-status={status.status}>
              <span className="state-dot" data-tone={status.status} aria-hidden="true" />
              {HEADLINES[status.status]}
              <span className="muted">checked at {new Date(status.checked_at).toLocaleTimeString()}</span>
            </p>
            <Services services={status.services} />
            <Queues queues={status.queues} />
          </>
        )}
      </div>
    </div>
  );
}

function useStatus(): { status: FleetStatus | null; problem: Problem | null } {
  const { api } = useServices();
  const [status, setStatus] = useState<FleetStatus | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const load = async (): Promise<void> => {
      if (document.visibilityState === "hidden") return;
      try {
        setStatus(await api.status());
        setProblem(null);
      } catch (error) {
        setProblem(problemOf(error));
      }
    };
    void load();
    const timer = setInterval(() => void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [api]);
  return { status, problem };
}

function Services({ services }: { services: FleetStatus["services"] }): ReactElement {
  return (
    <section aria-labelledby="services-title">
      <h2 id="services-title">Services</h2>
      <ul className="rows">
        {services.map((service) => (
          <li key={service.name} className="row status-row">
            <span className="state-dot" data-tone={service.status} aria-hidden="true" />
            <span className="row-title">{service.name}</span>
            <span className="muted status-detail">{service.detail || HEALTH[service.status]}</span>
            <span className="muted number">
              {service.latency_ms === null ? "" : `${Math.round(service.latency_ms)} ms`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Queues({ queues }: { queues: FleetStatus["queues"] }): ReactElement | null {
  if (queues.length === 0) return null;
  return (
    <section aria-labelledby="queues-title">
      <h2 id="queues-title">Queues</h2>
      <div className="table-scroll">
        <table className="figures">
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col">Waiting</th>
              <th scope="col">In progress</th>
              <th scope="col">Oldest</th>
              <th scope="col">Dead</th>
            </tr>
          </thead>
          <tbody>
            {queues.map((queue) => (
              <tr key={queue.name}>
                <th scope="row">{queue.name}</th>
                <td>{queue.waiting}</td>
                <td>{queue.in_progress}</td>
                <td>{Math.round(queue.oldest_seconds)} s</td>
                <td data-alarm={queue.dead > 0}>{queue.dead}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
