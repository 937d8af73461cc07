-- The table to which a bridge writes. For another name, replace sluice_messages. More columns are allowed if they have defaults.

create table if not exists sluice_messages (
  channel text not null,
  epoch text not null,
  -- 1, 2, 3… in the order of the channel.
  "offset" bigint not null,
  event text,
  -- Not jsonb, which refuses the character U+0000.
  tags json not null,
  headers json not null,
  data json not null,
  stored_at timestamptz not null default now(),
  -- Recognises a message that is sent again.
  primary key (channel, epoch, "offset")
);
