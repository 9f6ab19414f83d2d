import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Api } from "./api/endpoints";
import { browserEnvironment, HttpClient } from "./api/http";
import "./styles/index.css";
import { App } from "./ui/App";
import { Session } from "./ui/session";

const api = new Api(new HttpClient(browserEnvironment()));
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App api={api} session={new Session(api)} />
  </StrictMode>,
);
