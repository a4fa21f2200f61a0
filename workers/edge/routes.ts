import type { Env } from './env.ts'
import { postReserve, postSettle } from './guard.ts'
import { postEvents, postLogs, postMetrics, postOutcomes, postTraces } from './ingest.ts'
import { WIRE_PATHS, WIRE_PATTERNS } from './wire/routes.ts'

export type Handler = (request: Request, env: Env, ctx: ExecutionContext) => Promise<Response>
export type Methods = Readonly<Record<string, Handler>>

/** Where clients look for OTLP: its own place, Langfuse's and LangSmith's. */
const OTLP_PREFIXES = ['/v1', '/api/public/otel/v1', '/otel/v1'] as const
/** A signal of OTLP is a row here, and is then served under each prefix. */
const OTLP_SIGNALS: Readonly<Record<string, Handler>> = {
  traces: postTraces,
  logs: postLogs,
  metrics: postMetrics,
}

const PATHS: ReadonlyMap<string, Methods> = new Map<string, Methods>([
  ['/v1/events', { POST: postEvents }],
  ['/v1/outcomes', { POST: postOutcomes }],
  ['/v1/guard/reserve', { POST: postReserve }],
  ['/v1/guard/settle', { POST: postSettle }],
  ...WIRE_PATHS,
  ...OTLP_PREFIXES.flatMap((prefix) =>
    Object.entries(OTLP_SIGNALS).map(([signal, POST]): [string, Methods] => [`${prefix}/${signal}`, { POST }]),
  ),
])

/** The methods that the edge itself takes at a path; undefined where the path is another Worker's, or nobody's. */
export function methodsAt(path: string): Methods | undefined {
  return PATHS.get(path) ?? WIRE_PATTERNS.find(([pattern]) => pattern.test(path))?.[1]
}

/** Whether an address that the edge takes is the dashboard's for any other method. */
export function isShared(path: string): boolean {
  return !/^\/(v1|otel|api)\//.test(path)
}
