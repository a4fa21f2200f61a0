import { inFile, inShell, otelEnvironment, type Client, type Facts } from './client.ts'

/** The signals of OpenTelemetry that are taken. */
const SIGNALS = ['traces', 'logs', 'metrics'] as const
const group = 'Coding agents'

/** Agents that people work with at a terminal. */
export const CODING_AGENTS: Client[] = [
  {
    id: 'claude-code',
    name: 'Claude Code',
    group,
    words: 'anthropic terminal',
    about: 'Set these where Claude Code starts: in a shell’s profile, or for everybody in managed settings.',
    steps: (facts) => [
      otelEnvironment(facts, [
        'export CLAUDE_CODE_ENABLE_TELEMETRY=1 CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1',
        `export ${SIGNALS.map((signal) => `OTEL_${signal.toUpperCase()}_EXPORTER=otlp`).join(' ')}`,
      ]),
    ],
    posts: SIGNALS.map((signal) => `/v1/${signal}`),
    unsent:
      'Prompts and answers, unless you switch them on; whether a session as a whole failed; reasoning tokens apart.',
    proof: 'run',
    scope: /^com\.anthropic\.claude_code/,
  },
  {
    id: 'codex',
    name: 'Codex',
    group,
    words: 'openai terminal cli',
    about: 'Codex reads its settings from a file, which knows no variables: put the key in.',
    steps: (facts) => [{ label: '~/.codex/config.toml', code: codexConfig(facts) }],
    posts: SIGNALS.map((signal) => `/v1/${signal}`),
    unsent: 'The provider’s id of an answer. Of some 1,350 spans a turn, the 26 that say something are kept.',
    proof: 'run',
    scope: /^codex/,
  },
  {
    id: 'gemini-cli',
    name: 'Gemini CLI',
    group,
    words: 'google terminal',
    about: 'Set these where Gemini CLI starts.',
    steps: (facts) => [
      {
        label: 'environment variables',
        code: [
          'export GEMINI_TELEMETRY_ENABLED=true GEMINI_TELEMETRY_TRACES_ENABLED=true',
          'export GEMINI_TELEMETRY_TARGET=local GEMINI_TELEMETRY_OTLP_PROTOCOL=http',
          `export GEMINI_TELEMETRY_OTLP_ENDPOINT="${facts.origin}"`,
          `export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20${inShell(facts)}"`,
        ].join('\n'),
      },
    ],
    posts: SIGNALS.map((signal) => `/v1/${signal}`),
    unsent: 'Who the user is.',
    proof: 'run',
    scope: /^gemini-cli/,
  },
]

/** What Codex calls the exporter of each signal. */
const CODEX_EXPORTERS = { traces: 'trace_exporter', logs: 'exporter', metrics: 'metrics_exporter' } as const

function codexConfig(facts: Facts): string {
  const exporters = SIGNALS.map(
    (signal) =>
      `${CODEX_EXPORTERS[signal]} = { otlp-http = { endpoint = "${facts.origin}/v1/${signal}", protocol = "binary", headers = { "authorization" = "Bearer ${inFile(facts)}" } } }`,
  )
  return ['[otel]', 'environment = "production"', ...exporters].join('\n')
}
