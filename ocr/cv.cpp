// SPDX-License-Identifier: Apache-2.0
// The only place of ocr/ that speaks C++: OpenCV has no C API for what is needed here.
extern "C" {
#include "firmware/base/err.h"
}

#include "ocr/cv.h"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <new>
#include <string>
#include <vector>

namespace
{

constexpr size_t MODEL_MAX = 16u << 20;

bool read_file(const char *path, std::vector<uchar> &bytes, struct err *e)
{
	FILE *f = std::fopen(path, "rbe");

	if (!f)
		return err_errno(e, errno, "%s", path);
	bytes.resize(MODEL_MAX + 1);
	size_t n = std::fread(bytes.data(), 1, bytes.size(), f);
	bool bad = std::ferror(f) != 0;
	std::fclose(f);
	if (bad)
		return err_set(e, ERR_IO, "%s: cannot be read", path);
	if (n == 0 || n > MODEL_MAX)
		return err_set(e, ERR_FORMAT, "%s: empty or larger than a model may be", path);
	bytes.resize(n);
	return true;
}

cv::Mat view(const struct image *img)
{
	return cv::Mat((int)img->height, (int)img->width, CV_8UC1, const_cast<uint8_t *>(img->data),
		       img->stride);
}

// OpenCV's texts hold paths and line numbers of its sources: keep the first line, which says what.
bool thrown(struct err *e, enum err_code code, const char *what)
{
	std::string first(what ? what : "unknown");
	size_t end = first.find('\n');

	if (end != std::string::npos)
		first.resize(end);
	return err_set(e, code, "OpenCV: %s", first.c_str());
}

} // namespace

struct cv_net {
	cv::dnn::Net net;
	std::vector<cv::String> names;
	std::vector<cv::Mat> outs;
};

namespace
{

bool forward(struct cv_net *net, struct cv_tensor *outs, struct err *e)
{
	net->net.forward(net->outs, net->names);
	for (size_t i = 0; i < net->names.size(); i++) {
		const cv::Mat &m = net->outs.at(i);
		if (m.dims > (int)CV_TENSOR_DIMS || m.depth() != CV_32F || !m.isContinuous())
			return err_set(e, ERR_IO, "network: output %zu has an unexpected shape", i);
		size_t unused = CV_TENSOR_DIMS - (size_t)m.dims;
		outs[i].data = m.ptr<float>();
		outs[i].count = m.total();
		for (size_t d = 0; d < CV_TENSOR_DIMS; d++)
			outs[i].shape[d] = d < unused ? 1 : (size_t)m.size[(int)(d - unused)];
	}
	return true;
}

} // namespace

void cv_threads(int threads)
{
	if (threads >= 1 && threads <= 8)
		cv::setNumThreads(threads);
}

bool cv_net_open(const char *path, int threads, const char *const *outputs, size_t n_outputs,
		 struct cv_net **out, struct err *e)
{
	if (threads < 1 || threads > 8 || n_outputs < 1 || n_outputs > CV_NET_OUTPUTS)
		return err_set(e, ERR_ARGUMENT, "%s: outputs or threads out of range", path);
	try {
		std::vector<uchar> bytes;
		if (!read_file(path, bytes, e))
			return false;
		cv::setNumThreads(threads);
		// What it would print is in the exception too; stderr belongs to the program.
		cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
		auto net = std::make_unique<cv_net>();
		net->net = cv::dnn::readNetFromONNX(bytes);
		if (net->net.empty())
			return err_set(e, ERR_FORMAT, "%s: not a network", path);
		net->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
		net->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
		net->names.assign(outputs, outputs + n_outputs);
		*out = net.release();
		return true;
	} catch (const std::bad_alloc &) {
		return err_set(e, ERR_NO_MEMORY, "%s: out of memory", path);
	} catch (const std::exception &x) {
		(void)thrown(e, ERR_FORMAT, x.what());
		return err_prefix(e, "%s", path);
	} catch (...) {
		return err_set(e, ERR_FORMAT, "%s: not a network", path);
	}
}

void cv_net_free(struct cv_net *net)
{
	delete net;
}

bool cv_net_run_luma(struct cv_net *net, const uint8_t *luma, uint32_t width, uint32_t height,
		     float mean, float scale, struct cv_tensor *outs, struct err *e)
{
	try {
		const int shape[4] = {1, 1, (int)height, (int)width};
		cv::Mat blob(4, shape, CV_8U, const_cast<uint8_t *>(luma));
		net->net.setInput(blob, cv::String(), scale, cv::Scalar(mean));
		return forward(net, outs, e);
	} catch (const std::exception &x) {
		return thrown(e, ERR_IO, x.what());
	} catch (...) {
		return err_set(e, ERR_IO, "network: failed");
	}
}

bool cv_net_run(struct cv_net *net, const float *blob, const size_t shape[CV_TENSOR_DIMS],
		struct cv_tensor *outs, struct err *e)
{
	try {
		const int dims[4] = {(int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]};
		net->net.setInput(cv::Mat(4, dims, CV_32F, const_cast<float *>(blob)));
		return forward(net, outs, e);
	} catch (const std::exception &x) {
		return thrown(e, ERR_IO, x.what());
	} catch (...) {
		return err_set(e, ERR_IO, "network: failed");
	}
}

// Convex and clockwise (y down), each turn of more than rounding noise.
static bool quad_sane(const float *p)
{
	for (int i = 0; i < 8; i++)
		if (!std::isfinite(p[i]) || std::fabs(p[i]) > 65536.0f)
			return false;
	for (int i = 0; i < 4; i++) {
		const float *a = p + 2 * i, *b = p + 2 * ((i + 1) % 4), *c = p + 2 * ((i + 2) % 4);
		float turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
		if (!(turn > 1.0f) || std::hypot(b[0] - a[0], b[1] - a[1]) < 2.0f)
			return false;
	}
	return true;
}

static int shrink_factor(const float *p, uint32_t width, uint32_t height)
{
	double w =
	    std::fmax(std::hypot(p[2] - p[0], p[3] - p[1]), std::hypot(p[4] - p[6], p[5] - p[7]));
	double h =
	    std::fmax(std::hypot(p[6] - p[0], p[7] - p[1]), std::hypot(p[4] - p[2], p[5] - p[3]));
	double f = std::fmax(w / width, h / height);

	return f < 1.25 ? 1 : f > 7.0 ? 8 : (int)std::ceil(f);
}

bool cv_warp(const struct image *img, const struct plate_quad *quad, uint8_t *out, uint32_t width,
	     uint32_t height, struct err *e)
{
	const float *p = quad->p;

	if (width < 1 || width > 1024 || height < 1 || height > 1024 || !quad_sane(p))
		return err_set(e, ERR_LIMIT, "warp: degenerate quad");
	try {
		int k = shrink_factor(p, width, height);
		float w = (float)((int)width * k), h = (float)((int)height * k);
		// Pixel centres are at +0.5 in a quad's coordinates and at whole numbers in
		// OpenCV's.
		cv::Point2f from[4] = {{p[0] - 0.5f, p[1] - 0.5f},
				       {p[2] - 0.5f, p[3] - 0.5f},
				       {p[4] - 0.5f, p[5] - 0.5f},
				       {p[6] - 0.5f, p[7] - 0.5f}};
		cv::Point2f to[4] = {
		    {-0.5f, -0.5f}, {w - 0.5f, -0.5f}, {w - 0.5f, h - 0.5f}, {-0.5f, h - 0.5f}};
		cv::Mat map = cv::getPerspectiveTransform(to, from);
		cv::Mat dst((int)height, (int)width, CV_8UC1, out);
		cv::Mat big = k == 1 ? dst : cv::Mat((int)h, (int)w, CV_8UC1);
		cv::warpPerspective(view(img), big, map, big.size(),
				    cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
		if (k != 1)
			cv::resize(big, dst, dst.size(), 0, 0, cv::INTER_AREA);
		return true;
	} catch (const std::exception &x) {
		return thrown(e, ERR_IO, x.what());
	} catch (...) {
		return err_set(e, ERR_IO, "warp: failed");
	}
}

bool cv_resize(const struct image *img, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
	       uint8_t *out, uint32_t width, uint32_t height, uint32_t stride, struct err *e)
{
	if (w < 1 || h < 1 || x > img->width || y > img->height || w > img->width - x ||
	    h > img->height - y || width < 1 || width > 8192 || height < 1 || height > 8192 ||
	    stride < width)
		return err_set(e, ERR_ARGUMENT,
			       "resize: rectangle outside the image or size out of range");
	try {
		cv::Mat dst((int)height, (int)width, CV_8UC1, out, stride);
		cv::Mat src = view(img)(cv::Rect((int)x, (int)y, (int)w, (int)h));
		bool grow = width > w || height > h;
		// Two taps miss nothing of a picture that hardly shrinks, at a fifth of the price.
		bool hardly = w <= width + width / 8 && h <= height + height / 8;
		cv::resize(src, dst, dst.size(), 0, 0,
			   grow || hardly ? cv::INTER_LINEAR : cv::INTER_AREA);
		return true;
	} catch (const std::exception &x2) {
		return thrown(e, ERR_IO, x2.what());
	} catch (...) {
		return err_set(e, ERR_IO, "resize: failed");
	}
}
