/** Behind their prefix, ids of providers have 20 characters of chance and more. */
const CHANCE_CHARS_MIN = 16
const TAIL = /[0-9A-Za-z]*$/
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Whether an id of a provider's answer tells it from all other answers. Servers on one's own machine count
 * (`chatcmpl-742` of Ollama) or repeat a name (`mock-response`): such an id must not make two calls one.
 */
export function isTelling(responseId: string): boolean {
  if (UUID.test(responseId)) return true
  const tail = TAIL.exec(responseId)?.[0] ?? ''
  return tail.length >= CHANCE_CHARS_MIN && /\d/.test(tail) && /[A-Za-z]/.test(tail)
}
