// Tells of every frame the video element presents, with its media time. Falls back to `timeupdate` where the browser
// does not report frames.

/** Calls `onFrame` with the frame's media time in seconds until the returned function is called. */
export function followFrames(video: HTMLVideoElement, onFrame: (mediaTime: number) => void): () => void {
  if (!('requestVideoFrameCallback' in video)) return followTimeUpdates(video, onFrame);
  let handle = 0;
  const next = () => {
    handle = video.requestVideoFrameCallback((_now, { mediaTime }) => {
      onFrame(mediaTime);
      next();
    });
  };
  next();
  return () => video.cancelVideoFrameCallback(handle);
}

function followTimeUpdates(video: HTMLVideoElement, onFrame: (mediaTime: number) => void): () => void {
  const report = () => onFrame(video.currentTime);
  video.addEventListener('timeupdate', report);
  return () => video.removeEventListener('timeupdate', report);
}
