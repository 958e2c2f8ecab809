// The layers of the architecture as rules. test/unit/layers.test.ts breaks each one once and sees it fire.

const SERVICE = "^services/([^/]+)/";
const CORE = "^services/([^/]+)/.+\\.core\\.ts$";
const DRIVER = "^services/([^/]+)/drivers/";
/** Who may know Moleculer. A `.service.ts` is a shell. */
const RIM = [
  "\\.service\\.ts$",
  "^shared/bus/",
  "^shared/site/",
  "^services/registry\\.ts$",
  "^main\\.ts$",
  "^moleculer\\.config\\.ts$",
];
const NPM = "(^|/)node_modules/";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "core-is-pure",
      comment:
        "A core imports cores of its own service, its config and port types, contracts, the standard, the settings catalogue, the cores of the lease; of actor and time the types only.",
      severity: "error",
      from: { path: CORE },
      to: {
        pathNot: [
          "^services/$1/",
          "^shared/(contracts|iec61851|settings)/",
          "^shared/(actor|time)/",
          "^shared/lease/.+\\.core\\.ts$",
          "^shared/[^/]+\\.ts$",
        ],
      },
    },
    {
      name: "core-knows-no-shell",
      comment: "Of its own service a core sees cores, tables, config and port; never the shell or a driver.",
      severity: "error",
      from: { path: CORE },
      to: { path: ["\\.service\\.ts$", "/drivers/"] },
    },
    {
      name: "core-takes-time-as-argument",
      comment: "Of shared/actor and shared/time a core imports types only.",
      severity: "error",
      from: { path: CORE },
      to: { path: "^shared/(actor|time)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "services-meet-on-the-bus",
      comment: "A service imports nothing from another service. The registry alone knows several.",
      severity: "error",
      from: { path: SERVICE },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "shell-does-not-choose-its-driver",
      comment: "A shell takes a port; the registry builds the driver.",
      severity: "error",
      from: { path: "^services/.*\\.service\\.ts$" },
      to: { path: DRIVER },
    },
    {
      name: "driver-knows-only-its-port",
      comment:
        "Drivers import their port, other drivers and device tables (a folder) of their service, npm, and of shared: errors, the durable file, stores, time, contracts and wire formats.",
      severity: "error",
      from: { path: DRIVER },
      to: {
        path: "^(services|shared|test|scripts|main\\.ts|moleculer\\.config\\.ts)",
        pathNot: [
          "^services/$1/[^/]+\\.port\\.ts$",
          "^services/$1/[^/]+/",
          "^shared/(errors\\.ts$|durable-file\\.ts$|store/|time/|contracts/|evse-sysex/|iec61851/)",
        ],
      },
    },
    {
      name: "contracts-stand-alone",
      comment: "Contracts import zod and each other.",
      severity: "error",
      from: { path: "^shared/contracts/" },
      to: { pathNot: ["^shared/contracts/", "(^|/)node_modules/zod/"] },
    },
    {
      name: "moleculer-at-the-rim",
      comment: "Only shells, shared/bus, shared/site, the registry, main and moleculer.config know the framework.",
      severity: "error",
      from: { path: "^(services|shared|cli|main\\.ts|moleculer\\.config\\.ts)", pathNot: RIM },
      to: { path: "(^|/)node_modules/moleculer/" },
    },
    {
      name: "shared-serves",
      comment: "What is shared knows no service.",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: "^(services/|main\\.ts|moleculer\\.config\\.ts)" },
    },
    {
      name: "production-never-imports-tests",
      comment: "What runs at a charger stands without tests and scripts.",
      severity: "error",
      from: { path: "^(services|shared|cli|main\\.ts|moleculer\\.config\\.ts)" },
      to: { path: "^(test|scripts)/" },
    },
    {
      name: "no-cycles",
      comment: "Two files that need each other are one file, or lack a third.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "unresolvable",
      comment: "An import that leads nowhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: NPM },
    exclude: { path: "/web/dist/" },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    skipAnalysisNotInRules: true,
    moduleSystems: ["es6", "cjs"],
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["types", "import", "require", "node", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json", ".d.ts"],
    },
  },
};
