/** Socket.IO as its guide shows it: one room per channel, one event per message. */
import { Server } from 'socket.io';

const io = new Server({ transports: ['websocket'], pingInterval: 600_000, perMessageDeflate: false });
io.on('connection', (socket) => {
  const { room } = socket.handshake.query;
  if (typeof room === 'string') socket.join(room);
  socket.on('publish', (channel, payload) => io.to(channel).emit('message', payload));
});
io.listen(0);
io.httpServer.once('listening', () => process.send?.({ port: io.httpServer.address().port }));
