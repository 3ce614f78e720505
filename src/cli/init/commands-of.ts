import type { Choices } from "./choices.ts";

type Manager = Choices["manager"];

/** The commands of npm in the starter; not those within others, as in `pnpm install`. */
const command = /(?<!\w)(?:COPY package\*\.json \.\/|npm (?:ci --omit=dev|ci|install|run|start|test)|npx beehive)/g;

/** The commands of other managers in the place of those. */
const commands: Readonly<Record<Exclude<Manager, "npm">, Readonly<Record<string, string>>>> = {
  pnpm: {
    "COPY package*.json ./": "RUN corepack enable\nCOPY package.json pnpm-lock.yaml ./",
    "npm ci --omit=dev": "pnpm install --prod --frozen-lockfile",
    "npm ci": "pnpm install --frozen-lockfile",
    "npm install": "pnpm install",
    "npm run": "pnpm run",
    "npm start": "pnpm start",
    "npm test": "pnpm test",
    "npx beehive": "pnpm exec beehive",
  },
  yarn: {
    "COPY package*.json ./": "COPY package.json yarn.lock ./",
    "npm ci --omit=dev": "yarn install --production --frozen-lockfile",
    "npm ci": "yarn install --frozen-lockfile",
    "npm install": "yarn install",
    "npm run": "yarn run",
    "npm start": "yarn start",
    "npm test": "yarn test",
    "npx beehive": "yarn beehive",
  },
};

/** Returns a text of the starter with the commands of a package manager. */
export function commandsOf(manager: Manager, text: string): string {
  if (manager === "npm") return text;
  const own = commands[manager];
  return text.replace(command, (npm) => own[npm] ?? npm);
}
