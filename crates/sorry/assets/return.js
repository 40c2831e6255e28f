// Brings visitors back: asks when Retry-After is over, and loads the site again once a healthy site answers.
// Full-line comments, indentation and blanks beside operators are left out of what visitors get; no string in here may
// hold such a blank (src/page/builtin/html.rs, and a test).
(() => {
  const d = document, l = location
  // In redirect mode the page has a path of its own and is told where its visitor wanted to go: a path of this
  // origin and nothing else.
  const from = new URLSearchParams(l.search).get('from') || ''
  const away = d.currentScript.dataset.page == l.pathname
  const path = /^\/(?![/\\])/.test(from) ? from : '/'
  const url = l.origin + (away ? path : l.pathname + l.search)
  const each = (name, f) => d.querySelectorAll('[data-sorry-' + name + ']').forEach(f)
  let wait = 30, due, timer

  // Without a number it keeps to the last one. Never more often than every five seconds.
  const learn = (id, seconds) => {
    wait = Math.min(Math.max(seconds, 5), 86400) || wait
    if (id) each('id', e => {
      e.textContent = e.textContent || id
      e.parentNode.hidden = false
    })
  }

  // Nobody looks at a hidden page, so it does not ask either.
  const arm = () => {
    clearTimeout(timer)
    if (due && !d.hidden) timer = setTimeout(ask, due - Date.now())
  }
  const plan = () => {
    due = Date.now() + wait * (1000 + Math.random() * 100)
    arm()
  }

  // Always a GET, so that no form is sent twice. A URL that differs only in its fragment would not be loaded, so
  // the page first steps aside.
  const back = () => {
    if (l.hash && !away) {
      const here = l.href
      history.replaceState(0, '', '?')
      l.replace(here)
    } else l.replace(url)
  }

  // The sorry server names itself in Server-Timing. A redirect (status 0 here) is the site's own, since whoever asks for
  // JSON is not sent to the page; 501 is a site that does not know HEAD. The first question only learns what the page
  // could not read from its own answer.
  const ask = async first => {
    due = 0
    try {
      const headers = {Accept: 'application/json'}
      const r = await fetch(url, {method: 'HEAD', headers, cache: 'no-store', redirect: 'manual'})
      const h = name => r.headers.get(name) || '', s = r.status, after = h('Retry-After')
      const ours = /(^|,)\s*sorry;/.test(h('Server-Timing'))
      if (!first && !ours && s != 429 && (s < 500 || s == 501)) return back()
      learn(ours && h('X-Request-Id'), +after || (Date.parse(after) - Date.now()) / 1000)
    } catch (e) {}
    plan()
  }

  d.addEventListener('visibilitychange', arm)
  addEventListener('load', () => {
    // Browsers show Server-Timing to pages in secure contexts only.
    const t = ((performance.getEntriesByType('navigation')[0] || {}).serverTiming || []).find(t => t.name == 'sorry')
    if (t) {
      learn(t.description, t.duration)
      plan()
    } else setTimeout(ask, Math.random() * 2000, true)
    each('again', e => e.hidden = false)
    each('until', e => {
      const t = new Date(e.dateTime || e.dataset.sorryUntil)
      if (t > 0) e.textContent = t.toLocaleString(d.documentElement.lang || [], {dateStyle: 'long', timeStyle: 'short'})
    })
  })
})()
