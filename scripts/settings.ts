import { resolve } from 'node:path'
import * as z from 'zod'
import { StartError } from './runtime/errors.ts'

const UNITS_MS = { ms: 1, s: 1000, m: 60_000 } as const

const Duration = z
  .string()
  .regex(/^\d{1,6}(ms|s|m)$/, 'a duration such as 500ms, 10s or 1m')
  .transform((text) => {
    const [, amount = '0', unit = 'ms'] = /^(\d+)(ms|s|m)$/.exec(text) ?? []
    return Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS]
  })

const Settings = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'a port number from 1 to 65535')
    .transform(Number)
    .refine((port) => port >= 1 && port <= 65535, 'a port number from 1 to 65535')
    .default(8787),
  HOST: z.string().trim().min(1).default('127.0.0.1'),
  APP_ENV: z.enum(['dev', 'test'], 'dev or test (production is what `npm run deploy` makes)').default('dev'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'debug, info, warn or error').default('info'),
  SHUTDOWN_TIMEOUT: Duration.default(10_000),
  DATA_DIR: z
    .string()
    .trim()
    .min(1, 'the path of a folder')
    .transform((path) => resolve(path))
    .default(resolve('.data')),
})
export type Settings = z.infer<typeof Settings>

/** The server's settings from the environment; an empty variable counts as one that is not set. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const result = Settings.safeParse(given)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => {
    const name = String(path[0])
    return `${name} is "${given[name] ?? ''}" but must be ${message}`
  })
  throw new StartError(problems.join('; '))
}
