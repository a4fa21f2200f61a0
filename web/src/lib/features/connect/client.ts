/** What the lines of a client are made with. */
export interface Facts {
  /** Where this dashboard is served: events go to the same host, and the key says in which region they stay. */
  origin: string
  /** Null when the key was shown already: lines then name the variable AGENTOPS_KEY. */
  key: string | null
}

/** Something to copy: what it is, and where it goes. */
export interface Step {
  /** Names the code: "environment variables". */
  label: string
  about?: string
  code: string
}

export const GROUPS = ['Coding agents', 'Frameworks and SDKs', 'Gateways', 'By hand'] as const

/** A client that tells of agents, and the lines that it needs. */
export interface Client {
  /** Of the address: `?client=`. */
  id: string
  name: string
  group: (typeof GROUPS)[number]
  /** Other words by which it is looked for. */
  words?: string
  about: string
  steps: (facts: Facts) => Step[]
  /** Addresses to which it posts, when it has these lines. */
  posts: readonly string[]
  /** What it does not tell, so that nobody looks for it; null where it tells all. */
  unsent: string | null
  /** Whether the lines are run with the real client, or taken from its documentation. */
  proof: 'run' | 'documented'
  /** The instrumentation scopes of its spans. */
  scope?: RegExp
  /** What its events are marked with, which come by a protocol of its own. */
  mark?: string
}

/** In a shell, within double quotes. */
export const inShell = ({ key }: Facts) => key ?? '$AGENTOPS_KEY'
/** As a value of JavaScript. */
export const inScript = ({ key }: Facts) => (key === null ? 'process.env.AGENTOPS_KEY' : `'${key}'`)
/** The value of a header, as a value of JavaScript. */
export const bearerInScript = ({ key }: Facts) =>
  key === null ? '`Bearer ${process.env.AGENTOPS_KEY}`' : `'Bearer ${key}'`
/** In a file that knows no variables: to be put in place of the name. */
export const inFile = ({ key }: Facts) => key ?? 'AGENTOPS_KEY'

/** What any OpenTelemetry exporter over HTTP reads from its environment. */
export function otelEnvironment(facts: Facts, more: readonly string[] = []): Step {
  return {
    label: 'environment variables',
    code: [
      ...more,
      `export OTEL_EXPORTER_OTLP_ENDPOINT="${facts.origin}"`,
      `export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20${inShell(facts)}"`,
      'export OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf"',
    ].join('\n'),
  }
}
