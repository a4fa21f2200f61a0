// The least that any ingest on workerd does: read the body and parse it.
export default {
  async fetch(request) {
    const { events } = JSON.parse(await request.text())
    return new Response(String(events.length), { status: 202 })
  },
}
