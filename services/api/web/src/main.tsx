import { render } from "preact";
import { App } from "./app.tsx";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/page.css";
import "./style/mains.css";
import "./style/point.css";
import "./style/chart.css";

const root = document.getElementById("page");
if (root === null) throw new Error("index.html has no element with the id page");
render(<App />, root);
