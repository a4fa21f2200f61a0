// Stands where the dashboard would be in a runtime that was started without it.
export default {
  fetch(request) {
    if (new URL(request.url).pathname === '/healthz') return Response.json({ status: 'ok' })
    return new Response('This runtime was started without the dashboard.\n', { status: 404 })
  },
}
