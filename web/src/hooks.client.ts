import type { HandleClientError } from '@sveltejs/kit'

/** What broke in the browser is shown in place, without its inner words. */
export const handleError: HandleClientError = ({ error, status }) => {
  console.error(error)
  return {
    message:
      status === 404
        ? 'There is no such page.'
        : 'This page broke in the browser. Reload it; if it lasts, tell us what you did.',
  }
}
