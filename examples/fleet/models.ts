import type { Model } from './model.ts'

/** Models that the fleet calls. One is the company's own (no catalogue has a price), one provider reports its cost. */
export const MODELS = {
  gpt4o: { provider: 'openai', otelProvider: 'openai', model: 'gpt-4o', tokensPerSecond: 95, firstTokenMs: 420 },
  gpt4oMini: {
    provider: 'openai',
    otelProvider: 'openai',
    model: 'gpt-4o-mini',
    tokensPerSecond: 130,
    firstTokenMs: 320,
  },
  gpt5: { provider: 'openai', otelProvider: 'openai', model: 'gpt-5', tokensPerSecond: 70, firstTokenMs: 1400 },
  gpt5Mini: {
    provider: 'openai',
    otelProvider: 'openai',
    model: 'gpt-5-mini',
    tokensPerSecond: 140,
    firstTokenMs: 700,
  },
  sonnet: {
    provider: 'anthropic',
    otelProvider: 'anthropic',
    model: 'claude-sonnet-4-5',
    tokensPerSecond: 75,
    firstTokenMs: 900,
  },
  haiku: {
    provider: 'anthropic',
    otelProvider: 'anthropic',
    model: 'claude-haiku-4-5',
    tokensPerSecond: 160,
    firstTokenMs: 450,
  },
  geminiPro: {
    provider: 'google',
    otelProvider: 'gcp.gemini',
    model: 'gemini-2.5-pro',
    tokensPerSecond: 90,
    firstTokenMs: 1600,
  },
  geminiFlash: {
    provider: 'google',
    otelProvider: 'gcp.gemini',
    model: 'gemini-2.5-flash',
    tokensPerSecond: 210,
    firstTokenMs: 380,
  },
  mistralSmall: {
    provider: 'mistral',
    otelProvider: 'mistral_ai',
    model: 'mistral-small-latest',
    tokensPerSecond: 150,
    firstTokenMs: 280,
  },
  house: {
    provider: 'acme-gpu',
    otelProvider: 'acme-gpu',
    model: 'acme-outreach-70b-ft3',
    tokensPerSecond: 45,
    firstTokenMs: 240,
  },
  metered: {
    provider: 'metered-gateway',
    otelProvider: 'metered-gateway',
    model: 'docs-vision-2',
    tokensPerSecond: 120,
    firstTokenMs: 650,
    reports: { input: 0.9, output: 2.7 },
  },
} as const satisfies Record<string, Model>
