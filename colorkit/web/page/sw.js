// Without a connection, what the page has kept; with one, the newest, which is kept in turn.

self.onfetch = (event) => {
  if (event.request.method === "GET") event.respondWith(answer(event));
};

async function answer(event) {
  const cache = await caches.open("colorkit");
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(cache.put(event.request, response.clone()));
    return response;
  } catch (error) {
    const kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
