import { SluiceProvider, useConnection, useMessages, usePresence, usePublish } from '@sluice/client/react';
import { StrictMode, Suspense, use, useEffect, useLayoutEffect, useState } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { connect, type Line } from '../connect.ts';

const { client, room: first } = connect();

let mounts = 0;
let wake = () => {};
const awake = new Promise<void>((resolve) => {
  wake = resolve;
});

function Connection() {
  const { state, user } = useConnection();
  return (
    <p>
      <output data-testid="connection">{state}</output> <output data-testid="user">{user}</output>
    </p>
  );
}

function Room({ room }: { room: string }) {
  const [received, setReceived] = useState(0);
  const { entries, state, hasOlder, loading, error, loadOlder } = useMessages<Line>(`chat:${room}`, {
    rewind: 20,
    onMessage: () => setReceived((count) => count + 1),
  });
  const publish = usePublish<Line>(`chat:${room}`);
  useEffect(() => {
    document.body.dataset.mounts = String(++mounts);
  }, []);
  return (
    <section>
      <output data-testid="state">{state}</output>
      <output data-testid="received">{received}</output>
      <output data-testid="error">{error?.name}</output>
      <button type="button" disabled={!hasOlder || loading} onClick={loadOlder}>
        Older
      </button>
      <ol data-testid="messages">
        {entries.map((entry) => (
          <li key={entry.key}>{entry.kind === 'gap' ? `gap: ${entry.gap.reason}` : entry.message.data.text}</li>
        ))}
      </ol>
      <button type="button" onClick={() => publish({ text: 'from the page' })}>
        Send
      </button>
    </section>
  );
}

function People({ room }: { room: string }) {
  const [typing, setTyping] = useState(false);
  const { members, total } = usePresence(`chat:${room}`, { enter: { typing } });
  return (
    <section>
      <output data-testid="total">{total}</output>
      <ul data-testid="people">
        {members.map(({ user, state }) => (
          <li key={user}>{state?.typing ? `${user} is writing` : user}</li>
        ))}
      </ul>
      <button type="button" onClick={() => setTyping(!typing)}>
        Write
      </button>
    </section>
  );
}

/** One of two hundred, which detect if two of them render different states. */
function Count({ room }: { room: string }) {
  const { messages } = useMessages<Line>(`chat:${room}`, { rewind: 20 });
  useLayoutEffect(() => {
    queueMicrotask(() => {
      const shown = [...document.querySelectorAll('[data-testid="many"] li')].map((item) => item.textContent);
      if (new Set(shown).size > 1) document.body.dataset.torn = shown.join();
    });
  });
  return <li>{messages.length}</li>;
}

/** Suspends until it is woken. */
function Late({ room }: { room: string }) {
  const { messages } = useMessages<Line>(`chat:${room}-late`, { rewind: 20 });
  use(awake);
  return <output data-testid="late">{messages.length}</output>;
}

function App() {
  const [room, setRoom] = useState(first);
  const [shown, setShown] = useState(true);
  const [many, setMany] = useState(0);
  const [late, setLate] = useState(false);
  const [life, setLife] = useState(0);
  return (
    <>
      <Connection />
      <button type="button" onClick={() => setRoom(`${first}-next`)}>
        Next room
      </button>
      <button type="button" onClick={() => setShown(!shown)}>
        Toggle
      </button>
      <button type="button" onClick={() => setLife(life + 1)}>
        Remount
      </button>
      <button type="button" onClick={() => setMany(200)}>
        Many
      </button>
      <button type="button" onClick={() => setLate(true)}>
        Late
      </button>
      <button type="button" onClick={() => wake()}>
        Wake
      </button>
      {shown && <Room key={life} room={room} />}
      {shown && <People key={`people ${life}`} room={room} />}
      <ul data-testid="many">
        {Array.from({ length: many }, (_, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
          <Count key={n} room={room} />
        ))}
      </ul>
      <Suspense fallback="…">{late && <Late room={room} />}</Suspense>
    </>
  );
}

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element with the id "app"');
const page = (
  <StrictMode>
    <SluiceProvider client={client}>
      <App />
    </SluiceProvider>
  </StrictMode>
);
if (new URLSearchParams(location.search).has('hydrate')) {
  // The HTML that a server would send. The marks disappear if React discards it.
  target.innerHTML = renderToString(page);
  for (const element of target.children) Object.assign(element, { served: true });
  hydrateRoot(target, page);
} else createRoot(target).render(page);
