import tseslint from "typescript-eslint";

const inCores = [
  {
    selector: "FunctionDeclaration[async=true], FunctionExpression[async=true], ArrowFunctionExpression[async=true]",
    message: "A core is synchronous.",
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "Time is an argument." },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: "Time is an argument." },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: "Randomness is an argument." },
];
const onTheBus = [
  {
    selector:
      "CallExpression[callee.property.name=/^(emit|broadcast|broadcastLocal|call|mcall)$/][callee.object.name='broker']",
    message: "Use publish, subscribe and request of shared/bus.",
  },
  {
    selector:
      "CallExpression[callee.property.name=/^(emit|broadcast|broadcastLocal|call|mcall)$/][callee.object.property.name='broker']",
    message: "Use publish, subscribe and request of shared/bus.",
  },
];

const TAP_CALLS = ["test", "teardown", "before", "after", "beforeEach", "afterEach", "rejects", "resolves"];

export default tseslint.config(
  {
    ignores: [
      "node_modules",
      "**/dist",
      ".tap",
      "data",
      "eslint.config.js",
      ".dependency-cruiser.mjs",
      "services/api/web/**",
      "scripts/*.mjs",
      "test/fixtures/**",
    ],
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-restricted-syntax": ["error", ...onTheBus],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // The compiler refuses enums (erasableSyntaxOnly); looking for values of them cost a fifth of the time.
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  { files: ["shared/bus/**/*.ts"], rules: { "no-restricted-syntax": "off" } },
  {
    files: ["**/*.core.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...onTheBus, ...inCores],
      "no-restricted-globals": [
        "error",
        "setTimeout",
        "setInterval",
        "setImmediate",
        "queueMicrotask",
        "performance",
        "process",
        "console",
        "fetch",
      ],
    },
  },
  {
    files: ["main.ts", "scripts/**/*.ts", "test/**/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/require-await": "off",
      // tap waits for its own subtests.
      "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: TAP_CALLS }],
    },
  },
);
