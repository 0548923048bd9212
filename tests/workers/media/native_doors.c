/* Loaded before everything else, this stands where FFmpeg's doors are: whoever opens a codec, a container, a resampler,
   a scaler, or makes a frame, is written down and ended. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOOR(name)                                                                   \
  void *name(void) {                                                                 \
    int file = open(getenv("NATIVE_DOORS"), O_WRONLY | O_APPEND | O_CREAT, 0600);    \
    if (file < 0 || write(file, #name "\n", strlen(#name) + 1) < 0) _exit(99);       \
    abort();                                                                         \
  }

DOOR(avcodec_alloc_context3)
DOOR(avcodec_open2)
DOOR(avformat_alloc_context)
DOOR(avformat_open_input)
DOOR(avformat_alloc_output_context2)
DOOR(avio_open)
DOOR(avio_alloc_context)
DOOR(avfilter_graph_alloc)
DOOR(swr_alloc)
DOOR(swr_init)
DOOR(sws_alloc_context)
DOOR(sws_getContext)
DOOR(av_frame_alloc)
DOOR(av_packet_alloc)
DOOR(av_audio_fifo_alloc)
DOOR(av_bsf_list_parse_str)
