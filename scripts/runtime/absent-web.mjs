// Stands where the dashboard would be in a runtime that was started without it.
export default {
  fetch: () => new Response('This runtime was started without the dashboard.\n', { status: 404 }),
}
