// For pages of the API's own origin. The tokens are in cookies that no script can read.
const CSRF_COOKIE = "__Host-jwtkit-csrf=";
const REFRESHED = "jwtkit-refreshed"; // changes whenever some tab has refreshed

const csrfToken = () =>
  document.cookie.split("; ").find((each) => each.startsWith(CSRF_COOKIE))?.slice(CSRF_COOKIE.length) ?? "";

const send = (path, options = {}) =>
  fetch(path, { ...options, headers: { ...options.headers, "X-CSRF-Token": csrfToken() } });

const refresh = (before) =>
  navigator.locks.request("jwtkit-refresh", async () => {
    if (localStorage.getItem(REFRESHED) !== before) return true; // another tab was faster
    const answer = await send("/auth/refresh", { method: "POST" });
    if (answer.ok) localStorage.setItem(REFRESHED, crypto.randomUUID());
    return answer.ok;
  });

export async function call(path, options) { // as fetch, with one refresh for all tabs
  const before = localStorage.getItem(REFRESHED);
  const answer = await send(path, options);
  return answer.status === 401 && (await refresh(before)) ? send(path, options) : answer;
}

export const json = (body) => ({
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});
export const logIn = (username, password) =>
  send("/auth/login", json({ username, password, transport: "cookie" }));
export const logOut = () => send("/auth/logout", { method: "POST" });
