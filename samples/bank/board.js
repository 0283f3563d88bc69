// The bank's board. Figures are asked for once a second; what happens comes as a stream whose ids are
// positions in the journal. The browser goes on behind the last id by itself when a connection breaks;
// where it gives up (the bank was closed, or another one answers) the page begins again.
'use strict';

const figuresEvery = 1000, beginAgainAfter = 1000, drawEvery = 200;
const rowsShown = 25;

const at = (id) => document.getElementById(id);
const count = (n) => n.toLocaleString('en-GB');
const money = (cents) => (cents / 100).toLocaleString('en-GB',
  {minimumFractionDigits: 2, maximumFractionDigits: 2});
const time = (seconds) => seconds === null ? '–' :
  seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;

function say(state, text) {
  const status = at('status');
  if (status.textContent !== text) status.textContent = text; // a reader speaks what is new only
  status.dataset.state = state;
}

function rows(into, all) {
  into.replaceChildren(...all.map((cells) => {
    const row = document.createElement('tr');
    row.append(...cells.map((text) => {
      const cell = document.createElement('td');
      cell.textContent = text; // as text: what the bank's customers wrote is never markup
      return cell;
    }));
    return row;
  }));
}

// -- figures --------------------------------------------------------------------------------------

let before = null;

function show(f) {
  const seconds = before ? (f.uptime_ms - before.uptime_ms) / 1000 : 0;
  const sameBank = before && f.uptime_ms > before.uptime_ms && f.commands >= before.commands;
  if (sameBank) at('rate').textContent = count(Math.round((f.commands - before.commands) / seconds));
  before = f;
  at('commands').textContent = count(f.commands);
  at('position').textContent = count(f.position);
  at('progress').value = f.expected ? f.commands / f.expected : 0;
  const slowest = f.views.reduce((a, b) => b.events_behind > a.events_behind ? b : a, f.views[0]);
  at('lag').textContent = `${count(slowest.events_behind)} events, ${time(slowest.seconds_behind)}`;
  rows(at('views'), f.views.map((v) => [v.name, count(v.position), count(v.events_behind),
    time(v.seconds_behind), v.stopped || 'folds']));
  if (f.accounts === null) return; // the views have not answered yet
  at('accounts').textContent = count(f.accounts);
  at('money').textContent = money(f.money_cents);
  rows(at('largest'), f.largest.map((a) => [a.account, money(a.balance_cents), count(a.movements)]));
  rows(at('turnover'), f.months.map((m) =>
    [m.month, money(m.paid_in_cents), money(m.paid_out_cents), count(m.movements)]));
}

async function figures() {
  const answer = await fetch('/figures');
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

async function keepAsking() {
  try {
    show(await figures());
  } catch { /* the stream says whether the bank is there */ }
  setTimeout(keepAsking, figuresEvery);
}

// -- what happens ---------------------------------------------------------------------------------

let first = 0, last = 0, seen = 0, repeats = 0;
let newest = [];
let toDraw = false;

function take(message) {
  const id = Number(message.lastEventId);
  if (id <= last) { repeats++; return; }
  seen++;
  last = id;
  newest.unshift([id, JSON.parse(message.data)]);
  if (newest.length > rowsShown) newest.pop();
  toDraw = true;
}

function draw() {
  if (!toDraw) return;
  toDraw = false;
  rows(at('tail'), newest.map(([id, e]) =>
    [count(id), e.what, e.account, e.cents === null ? '' : money(e.cents)]));
  const missing = last - first + 1 - seen; // each one from there on is an account's
  Object.assign(at('tail').dataset, {first, last, seen, repeats, missing});
  const behind = before ? Math.max(0, before.position - last) : 0;
  at('behind').textContent = behind > 1000 ? `— ${count(behind)} events behind the journal` : '';
}

async function begin() {
  try {
    const position = (await figures()).position;
    if (last === 0 || last > position) { // at first, or another bank
      last = Math.max(1, position - rowsShown); // the first event is the bank's own
      first = last + 1;
      seen = 0;
      newest = [];
    }
    follow();
  } catch (why) {
    say('lost', `the bank does not answer; trying again (${why.message})`);
    setTimeout(begin, beginAgainAfter);
  }
}

function follow() {
  const source = new EventSource(`/events?after=${last}`);
  source.onopen = () => say('live', 'live');
  source.onmessage = take;
  source.addEventListener('ended', (e) => say('lost', `the bank has ended the stream: ${e.data}`));
  source.onerror = () => {
    say('lost', 'connection lost; going on behind the last event as soon as it is back');
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again
    setTimeout(begin, beginAgainAfter);
  };
}

setInterval(draw, drawEvery);
keepAsking();
begin();
