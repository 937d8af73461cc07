-- The outbox that a bridge reads. For another name, replace sluice_outbox everywhere. Needs PostgreSQL 13 or newer.

create table if not exists sluice_outbox (
  -- The transaction and the order within it: a bridge reads rows in this order, and only rows behind
  -- which no transaction is open.
  xid xid8 not null default pg_current_xact_id(),
  id bigint not null generated always as identity,
  channel text not null,
  data jsonb not null,
  event text,
  tags jsonb,
  headers jsonb,
  primary key (xid, id)
);

-- Wakes the bridge when the transaction commits. It has no payload: the row is the message.
create or replace function sluice_outbox_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify(tg_table_name, '');
  return null;
end
$$;

create or replace trigger sluice_outbox_notify
  after insert on sluice_outbox for each statement execute function sluice_outbox_notify();

-- Publishes a message when the transaction commits, and never if it is rolled back.
create or replace function sluice_publish(
  channel text, data jsonb, event text default null, tags jsonb default null, headers jsonb default null
) returns void language sql as $$
  insert into sluice_outbox (channel, data, event, tags, headers)
  values (sluice_publish.channel, sluice_publish.data, sluice_publish.event, sluice_publish.tags, sluice_publish.headers)
$$;
