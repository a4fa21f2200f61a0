import { describe, expect, it } from 'vitest'
import { usageOf } from '../../../workers/domain/wire/usage.ts'
import { usageOf as usageOfAnswer } from '../../../sdk/src/usage.ts'

const ANTHROPIC = {
  input_tokens: 100,
  output_tokens: 10,
  cache_read_input_tokens: 20,
  cache_creation_input_tokens: 64,
  cache_creation: { ephemeral_5m_input_tokens: 24, ephemeral_1h_input_tokens: 40 },
  service_tier: 'batch',
}
const OPENAI = {
  prompt_tokens: 100,
  completion_tokens: 10,
  total_tokens: 110,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 60 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 7 },
}

describe('parts of usage that have a price of their own', () => {
  it('are read of what clients send', () => {
    expect(usageOf(ANTHROPIC, { cache: 'exclusive' })).toMatchObject({ prompt: 184, cacheWrite: 64, cacheWrite1h: 40 })
    expect(usageOf(OPENAI)).toMatchObject({ prompt: 100, audioPrompt: 60, audioCompletion: 7 })
    expect(usageOf({ input: 100, output: 10, input_audio: 60, output_audio_tokens: 7 })).toMatchObject({
      audioPrompt: 60,
      audioCompletion: 7,
    })
    expect(usageOf({ input: 100, output: 10 })).not.toHaveProperty('audioPrompt')
  })

  it('are read of what providers answer', () => {
    expect(usageOfAnswer(ANTHROPIC)).toMatchObject({
      tokens_prompt: 184,
      tokens_cache_write: 64,
      tokens_cache_write_1h: 40,
      service_tier: 'batch',
    })
    expect(usageOfAnswer(OPENAI)).toMatchObject({ tokens_prompt_audio: 60, tokens_completion_audio: 7 })
  })
})
