import { useState, type ReactElement, type SyntheticEvent } from "react";
import { problemOf } from "../../api/problem";
import type { Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { sourceTypeName } from "../sourceTypes";
import { connect } from "./connecting";
import { CONNECTORS, newSource, type Field } from "./connectors";

const SCHEDULES: [string, string][] = [
  ["5m", "every 5 minutes"],
  ["1m", "every minute"],
  ["15m", "every 15 minutes"],
  ["1h", "every hour"],
  ["1d", "every day"],
  ["", "only when I say so"],
];

/** Connects a source: stores it, tries it, and begins to read it where that works. */
export function ConnectForm({ onConnected }: { onConnected: () => void }): ReactElement {
  const { api } = useServices();
  const [type, setType] = useState("azure_devops_wiki");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = async (event: SyntheticEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    setProblem(null);
    try {
      await connect(api, newSource(type, valuesOf(form)));
      form.reset();
      onConnected();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="connect-form" aria-label="Connect a source" onSubmit={(event) => void submit(event)}>
      <label className="field">
        Kind
        <select data-testid="connect-type" value={type} onChange={(event) => setType(event.target.value)}>
          {Object.keys(CONNECTORS).map((one) => (
            <option key={one} value={one}>
              {sourceTypeName(one)}
            </option>
          ))}
        </select>
      </label>
      <TextField field={{ name: "name", label: "Name", placeholder: "HR wiki" }} />
      {CONNECTORS[type]?.map((field) => (
        <TextField key={`${type}.${field.name}`} field={field} />
      ))}
      <TextField
        field={{
          name: "groups",
          label: "Who may see it",
          placeholder: "everyone, or: hr, managers",
          optional: true,
        }}
      />
      <label className="field">
        Look for changes
        <select name="schedule" data-testid="connect-schedule">
          {SCHEDULES.map(([value, words]) => (
            <option key={words} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button primary" data-testid="connect-submit" disabled={busy}>
        Connect
      </button>
      {problem !== null && <ProblemBanner problem={problem} onDismiss={() => setProblem(null)} />}
    </form>
  );
}

function TextField({ field }: { field: Field }): ReactElement {
  return (
    <label className="field">
      {field.label}
      <input
        name={field.name}
        data-testid={`connect-${field.name}`}
        type={field.secret === true ? "password" : "text"}
        autoComplete={field.secret === true ? "new-password" : "off"}
        placeholder={field.placeholder}
        required={field.optional !== true}
      />
    </label>
  );
}

function valuesOf(form: HTMLFormElement): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") values.set(name, value);
  return values;
}
